FROM python:3.13-slim
WORKDIR /app
COPY requirements/run.txt requirements/build.txt ./requirements/
RUN pip install --no-cache-dir -r requirements/build.txt -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && useradd --create-home --uid 10001 castlist && install -d -o castlist /data
USER castlist
ENV CASTLIST_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
ENTRYPOINT ["castlist"]
CMD ["serve", "--host", "0.0.0.0"]
