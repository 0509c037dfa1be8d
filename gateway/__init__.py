"""The one door of the fleet: routes, early refusals, limits and the hop to a service.

It holds no database and no business rule.
"""
