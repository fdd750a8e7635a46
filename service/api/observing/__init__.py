"""What is told of each request: the record of it, and who reads it: metrics, log, traces."""
