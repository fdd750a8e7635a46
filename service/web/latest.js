// Only the newest counts: a task that is run again and again, where a later run overtakes all others.

// A job that is nearly done costs the service less than one that is broken off.
const GRACE_MILLISECONDS = 400;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Runs `task(signal)` a moment after the last call. What a run that was overtaken still answers
 * is dropped; where it takes long it is cancelled.
 *
 * `on` has the callbacks `start()`, `done(result)`, `failed(error)` and `end()`; of these the last
 * three are called for the newest run alone.
 */
export class Latest {
  #sequence = 0;
  #timer = 0;
  #controller = null;
  #running = Promise.resolve();

  constructor(task, on, milliseconds = 120) {
    this.task = task;
    this.on = { start() {}, done() {}, failed() {}, end() {}, ...on };
    this.milliseconds = milliseconds;
  }

  request() {
    this.#sequence += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#overtake(), this.milliseconds);
    this.on.start();
  }

  cancel() {
    this.#sequence += 1;
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.on.end();
  }

  async #overtake() {
    const sequence = this.#sequence;
    await Promise.race([this.#running, pause(GRACE_MILLISECONDS)]);
    if (sequence !== this.#sequence) return;
    this.#controller?.abort();
    this.#controller = new AbortController();
    this.#running = this.#run(sequence, this.#controller.signal);
  }

  async #run(sequence, signal) {
    let tell;
    try {
      const result = await this.task(signal);
      tell = () => this.on.done(result);
    } catch (error) {
      tell = () => error.name !== "AbortError" && this.on.failed(error);
    }
    if (sequence !== this.#sequence) return;
    tell();
    this.on.end();
  }
}
