"""Whole jobs: bytes and a specification in, bytes out. Web-free; each runs inside a worker.

A job is called as ``job(parts, **arguments)``: ``parts`` maps names to the bytes that the
caller sent, the arguments are JSON-able. It returns facts, JSON-able too, and a body.
"""
