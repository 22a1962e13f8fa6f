"""The documents that describe the API: OpenAPI, AsyncAPI and the page that shows them."""
