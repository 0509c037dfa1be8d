"""The broker: its locked jars, its settings and the fleet's topics."""
