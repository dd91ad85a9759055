"""The views: HTTP, server-sent events and WebSocket over one machine."""
