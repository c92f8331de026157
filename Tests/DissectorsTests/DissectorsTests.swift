// Dissectors
