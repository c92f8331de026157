// Entries
