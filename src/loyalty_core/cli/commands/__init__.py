"""The commands by theme; each module adds its own to the application with ``register``."""
