"""Apus beside other engines: measuring in turn, keeping results, tables and plots."""
