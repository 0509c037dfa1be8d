"""The sister services that accepting an offer crosses."""
