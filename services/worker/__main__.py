"""``python -m services.worker api | background | all | migrate | check``."""

from services.worker import storage
from services.worker.app import build
from services.worker.settings import Settings
from shared.kit.process import main

if __name__ == "__main__":
    main(Settings, build, storage)
