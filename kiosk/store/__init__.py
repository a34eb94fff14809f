"""The encrypted database (SQLCipher), its keys and its audit trail."""
