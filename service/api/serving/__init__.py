"""What the endpoints have in common: reading a request, running its job, answering."""
