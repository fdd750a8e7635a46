"""The API's own document (OpenAPI): what each endpoint takes, and what it answers."""
