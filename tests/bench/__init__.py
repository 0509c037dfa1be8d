"""Figures of the fleet: how fast, how much of the machine, how soon again after an accident."""
