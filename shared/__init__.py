"""What every service shares: the kit (mechanisms) and the contracts (words)."""
