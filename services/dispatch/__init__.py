"""Dispatch: where workers are, who fits a job, and the offers made to them.

It never knows prices nor keeps the schedule of record: a worker's calendar is the worker service's.
"""
