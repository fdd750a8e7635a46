"""Where requests come in: connections and bodies, their bounds, and every answer's headers."""
