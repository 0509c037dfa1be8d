"""The order service: the catalogue and its prices, and every order from its quote to its review.

It owns orders, visits, stops, crew positions and the moves between their states. It never holds
money balances and never chooses a worker.
"""
