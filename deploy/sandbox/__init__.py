"""The outside world on its true wires: channels, bank, messages, weather, storage, clock.

It imports nothing of the fleet, keeps its own keys and books, and can be told to fail.
"""
