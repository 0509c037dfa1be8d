"""Everything that puts the fleet on a machine: launcher, broker, sandbox, images."""
