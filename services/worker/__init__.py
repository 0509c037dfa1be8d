"""The worker service owns who may work: applications, skills, hours, bookings and credit.

It keeps the calendar of record and never knows where a worker is at this moment.
"""
