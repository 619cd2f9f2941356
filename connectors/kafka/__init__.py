"""Lines that are fed by Apache Kafka: frames and log text in, verdicts out."""
