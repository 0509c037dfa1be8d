"""A service of one table, on which the kit is tested: workers lend tools."""
