"""The door through which readings come in: `POST /api/v1/readings`, a raw ASGI application in its own process."""
