# The two commands of the README in a container:
#   docker build -t rppg .
#   docker run --rm --shm-size 2g -v "$PWD/out:/rppg/submissions/demo" rppg          # make submission
#   docker run --rm --shm-size 2g rppg make test
FROM python:3.11-slim-bookworm
# make; two libraries that OpenCV loads; git, which the tests use
RUN apt-get update \
    && apt-get install -y --no-install-recommends make git libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /rppg
# the environment first: it is rebuilt only when the pins change
COPY pyproject.toml requirements.lock Makefile README.md LICENSE ./
COPY rppg/__init__.py rppg/
COPY rppg/preprocessing/mediapipe_models/LICENSE rppg/preprocessing/mediapipe_models/
RUN make .venv/installed
COPY . .
RUN touch .venv/installed
CMD ["make", "submission"]
