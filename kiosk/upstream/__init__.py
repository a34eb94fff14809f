"""Delivers finished verdicts to the bank; knows nothing of what lies behind them."""
