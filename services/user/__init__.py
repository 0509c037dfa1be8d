"""Owns accounts, their roles and logins, profiles, addresses and the message centre.

Signs every access token of the fleet; the others verify them by its JWKS. Never sees a card.
"""
