// Convolution over HTTP by sharp and Fastify: a form with a picture, a kernel, a format.
// Run as: node server.js PORT

const os = require('node:os')
const fastify = require('fastify')
const sharp = require('sharp')

const LIMIT = 64 * 1024 * 1024

// On glibc sharp keeps to one thread a picture unless it is told otherwise.
sharp.concurrency(os.availableParallelism())

// A level is a number, and may ask for a filter chosen row by row: '6', '6 adaptive'.
function pngOptions (level) {
  const [number, adaptive] = level.split(' ')
  return { compressionLevel: Number(number), adaptiveFiltering: adaptive === 'adaptive' }
}

const app = fastify({ bodyLimit: LIMIT })
app.register(require('@fastify/multipart'), {
  attachFieldsToBody: true,
  limits: { fileSize: LIMIT, fieldSize: LIMIT }
})

app.get('/healthz', () => 'ok')

app.post('/convolve', async (request, reply) => {
  const field = (name) => request.body[name]?.value
  const picture = sharp(await request.body.image.toBuffer())
  if (field('sigma')) {
    picture.blur(Number(field('sigma')))
  } else {
    const rows = JSON.parse(field('kernel'))
    picture.convolve({ width: rows[0].length, height: rows.length, kernel: rows.flat() })
  }
  if (field('format') === 'jpeg') {
    picture.jpeg({ quality: Number(field('quality')), chromaSubsampling: '4:4:4' })
  } else {
    picture.png(field('level') ? pngOptions(field('level')) : {})
  }
  return reply.type(`image/${field('format')}`).send(await picture.toBuffer())
})

app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
