"""Owns payment attempts, the channels, the escrow ledger, commission, settlement and refunds."""
