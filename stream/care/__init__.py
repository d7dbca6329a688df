"""Looking after data: dead letters, deletion, retention, holds, what people ask for."""
