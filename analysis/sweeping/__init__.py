"""Many points: models, sizes and settings, evaluated where a formula exists and run where asked."""
