"""The demo data: ten categories with offerings at Hong Kong's prices, put as staff put them."""
