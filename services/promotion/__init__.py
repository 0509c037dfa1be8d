"""The promotion service owns what takes off a price: campaigns, packs, coupons and their locks.

It never sets a price of an offering and never moves money; it says what is taken off and for whom.
"""
