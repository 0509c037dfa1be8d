"""The launcher of the embedded default: the whole fleet on one machine, without Docker or root."""
