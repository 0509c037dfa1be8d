"""``python -m services.dispatch api | background | all | migrate | check``."""

from services.dispatch import storage
from services.dispatch.app import build
from services.dispatch.settings import Settings
from shared.kit.process import main

if __name__ == "__main__":
    main(Settings, build, storage)
