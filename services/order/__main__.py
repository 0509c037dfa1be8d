"""``python -m services.order api | background | all | migrate | check``."""

from services.order import storage
from services.order.app import build
from services.order.settings import Settings
from shared.kit.process import main

if __name__ == "__main__":
    main(Settings, build, storage)
