"""The parts of scale-out: Kafka as log, workers as hosts."""
