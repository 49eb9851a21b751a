"""Starts what is measured: Castlist, LiteLLM's proxy, nginx and the vendor they forward to, each in a process of its own on loopback."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".bench"
KEY = "sk-bench-master"
PROJECT_KEY = "sk-bench-project"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it is, its process, and the seconds until it was ready."""

    url: str
    pid: int
    ready_after: float

    def ask(self, path: str, *, method: str = "GET", body: object = None, key: str = KEY) -> tuple[int, dict[str, object]]:
        """Status and JSON of one answer."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        headers = {"Authorization": f"Bearer {key}"} | ({"Content-Type": "application/json"} if body is not None else {})
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text[:1] in {b"{", b"["} else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, *, ready: str, environ: Mapping[str, str] | None = None, limit: float = 120) -> Iterator[Server]:
    """The process until the block ends; ready once `ready` answers 200. Its words go to a file that is shown if it never is."""
    with tempfile.TemporaryFile() as log:
        begun = time.perf_counter()
        own = {**os.environ, **(environ or {})}
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT, env=own, start_new_session=True)
        server = Server(url, process.pid, 0.0)
        try:
            while not _answers(server, ready):
                if process.poll() is not None or time.perf_counter() - begun > limit:
                    log.seek(0)
                    raise SystemExit(f"{command[0]} did not start:\n{log.read().decode(errors='replace')[-3000:]}")
                time.sleep(0.01)
            yield Server(url, process.pid, time.perf_counter() - begun)
        finally:
            _stop(process)


def _answers(server: Server, path: str) -> bool:
    try:
        return server.ask(path)[0] == 200
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def vendor(file: Path, *extra: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "bench.upstream", "--port", str(port), "--file", str(file), *extra]
    with running(command, f"http://127.0.0.1:{port}", ready="/counts") as server:
        yield server


@contextmanager
def castlist(
    folder: Path,
    *,
    upstream: str = "http://127.0.0.1:9",
    pair: Sequence[str] = (),
    extra: tuple[str, ...] = (),
    more: Mapping[str, object] | None = None,
) -> Iterator[Server]:
    """`castlist serve` on a data directory, with a project and the models `hero` (embedded), `sora` (forwarded) and `pair` (forwarded to
    each of those); `more` goes into the settings of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config, port = folder / "config.yaml", free_port()
    forwarded = {"api_base": f"{upstream}/v1", "api_key": "sk-vendor", "max_parallel_requests": 10_000}
    models: dict[str, tuple[str, Mapping[str, object]]] = {"hero": ("animatic/animatic", {}), "sora": ("openai/sora-2", forwarded)}
    listed = [{"model_name": name, "litellm_params": {"model": model, **more}} for name, (model, more) in models.items()]
    listed += [{"model_name": "pair", "litellm_params": {"model": "openai/sora-2", **forwarded, "api_base": f"{url}/v1"}} for url in pair]
    settings = {
        "model_list": listed,
        "general_settings": {"master_key": KEY},
        "castlist": {"projects": [{"name": "bench", "keys": [PROJECT_KEY]}], **(more or {})},
    }
    config.write_text(json.dumps(settings))
    program = str(Path(sys.executable).with_name("castlist"))
    command = [program, "serve", "--config", str(config), "--port", str(port), "--data", str(folder / "data"), *extra]
    with running(command, f"http://127.0.0.1:{port}", ready="/health/readiness") as server:
        yield server


@contextmanager
def litellm(folder: Path, *, upstream: str, pair: Sequence[str] = ()) -> Iterator[Server]:
    """LiteLLM's proxy with one worker, its price list read from its package instead of the network. `pair` goes to each of those."""
    folder.mkdir(parents=True, exist_ok=True)
    config, port = folder / "litellm.yaml", free_port()
    params = {"model": "openai/sora-2", "api_base": f"{upstream}/v1", "api_key": "sk-vendor"}
    models = [{"model_name": "sora", "litellm_params": params}]
    models += [{"model_name": "pair", "litellm_params": {**params, "api_base": f"{url}/v1"}} for url in pair]
    config.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
    command = [str(peer("litellm")), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with running(command, f"http://127.0.0.1:{port}", ready="/health/readiness", environ=environ) as server:
        yield server


@contextmanager
def nginx(folder: Path, constant: str) -> Iterator[Server]:
    """nginx with one worker, proxying to a constant that it serves itself."""
    program = shutil.which("nginx")
    assert program, "nginx is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    front, back = free_port(), free_port()
    quoted = constant.replace("\\", "\\\\").replace("'", "\\'").replace("$", "")
    config = folder / "nginx.conf"
    config.write_text(f"""
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream constant {{ server 127.0.0.1:{back}; keepalive 32; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{back}; location / {{ return 200 '{quoted}'; }} }}
  server {{ listen 127.0.0.1:{front};
    location / {{ proxy_pass http://constant; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
""")
    with running([program, "-c", str(config), "-p", str(folder)], f"http://127.0.0.1:{front}", ready="/") as server:
        yield server


def peer(program: str) -> Path:
    """A program of the peers' environment, which is made on first use."""
    path = PEERS / "bin" / program
    if not path.exists():
        sys.stderr.write("Installing the peers into .bench; this takes some minutes the first time\n")
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        install = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "-r", str(ROOT / "requirements" / "bench.txt")], check=True)
    return path
