"""``python -m services.worker api | background | all | migrate | check``."""

from shared.run.process import main

if __name__ == "__main__":
    main("services.worker")
