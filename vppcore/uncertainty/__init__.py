"""Worst days of a budget, a coalition that is ready for them, ordinary days."""
