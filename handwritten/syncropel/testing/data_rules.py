"""The data plane of the sandbox (protocol sheet §19)."""

from __future__ import annotations

from typing import Any

from wirewright.sandbox import Answer, Call, Refuse, rule

from syncropel.testing.record_rules import KERNEL_DID, RecordRules, stored_form
from syncropel.testing.tree import CHUNK_SIZE, QUOTA, Node, Tree, Upload, checked_path

READ_URL_SECONDS = 300
ARTIFACTS_THREAD = "data.artifacts"


class DataRules(RecordRules):
    """Files, artifacts and blobs. What is published is announced by a record of the kernel."""

    tree: Tree
    chunk_size: int

    def open_data(self) -> None:
        """The empty data plane."""
        self.tree = Tree()
        self.manifests: dict[str, dict[str, Any]] = {}

    def _now(self) -> int:
        return int(self.clock.time() * 1000)

    @rule("data_init_write")
    def init_write(self, call: Call) -> Answer:
        """Open an upload."""
        asked = call.body
        upload_id = self.token("up_")
        upload = Upload(asked["path"], int(asked["size_bytes"]), asked.get("content_type"), asked.get("precondition"))
        self.tree.begin(upload_id, upload, self.tree.used())
        return Answer(200, {"upload_id": upload_id, "chunk_size": self.chunk_size})

    @rule("upload_blob_chunk")
    def upload_chunk(self, call: Call) -> Answer:
        """Take a chunk."""
        self.tree.append(call.path["upload_id"], call.headers["content-range"], call.raw_body)
        return Answer(204)

    @rule("data_complete_write")
    def complete_write(self, call: Call) -> Answer:
        """Store an upload."""
        name, upload = self.tree.complete(call.body["upload_id"], self._now())
        return Answer(200, {"content_hash": name, "size_bytes": upload.size})

    @rule("data_get_read_url")
    def read_url(self, call: Call) -> Answer:
        """A relative URL, so that it leads back here whatever the endpoint is called."""
        node = self.tree.file(call.body["path"])
        return Answer(200, {"blob_url": f"/v1/blobs/{node.hash}", "expires_in": READ_URL_SECONDS, "via": "kernel"})

    @rule("download_blob")
    def download(self, call: Call) -> Answer:
        """The bytes."""
        content = self.tree.contents.get(call.path["blob"])
        if content is None:
            raise Refuse(404, code="not_found", message=f"There is no blob {call.path['blob']}")
        return Answer(200, content, media_type="application/octet-stream")

    @rule("data_list_entries")
    def list_entries(self, call: Call) -> Answer:
        """A page of a directory."""
        path, after, limit = call.query["path"], call.query.get("cursor", ""), int(call.query.get("limit", 1000))
        children = [(name, node) for name, node in self.tree.children(path) if name > after]
        page = children[:limit]
        cursor = page[-1][0] if page and len(children) > limit else None
        return Answer(200, {"entries": [self._entry(path, *child) for child in page], "cursor": cursor})

    def _entry(self, parent: str, name: str, node: Node) -> dict[str, Any]:
        path = f"{parent}/{name}"
        return {
            "name": name,
            "path": path,
            "kind": node.kind,
            "size_bytes": self.tree.size(path),
            "content_hash": node.hash,
            "mtime": node.mtime,
        }

    @rule("data_stat")
    def stat(self, call: Call) -> Answer:
        """What is at a path."""
        path = call.query["path"]
        node = self.tree.node(path)
        return Answer(
            200,
            {
                "kind": node.kind,
                "size_bytes": self.tree.size(path),
                "content_hash": node.hash,
                "mtime": node.mtime,
                "content_type": node.content_type,
                "pin_state": "pinned" if node.hash in self.tree.pinned else "unpinned",
                "provenance": self._provenance(node.hash),
            },
        )

    def _provenance(self, name: str | None) -> dict[str, Any] | None:
        """Where a content came from, known of what was published."""
        manifest = self.manifests.get(name or "")
        if manifest is None:
            return None
        return {
            "work_thread": manifest["thread"],
            "actor": manifest["actor"],
            "goal_summary": f"publish {manifest['body']['path']}",
            "clock": manifest["clock"],
            "content_hash": name,
        }

    @rule("data_make_directory")
    def mkdir(self, call: Call) -> Answer:
        """Make a directory."""
        self.tree.mkdir(call.body["path"], self._now())
        return Answer(200, {"ok": True})

    @rule("data_move")
    def move(self, call: Call) -> Answer:
        """Move a file or a tree."""
        self.tree.move(call.body["from"], call.body["to"], self._now())
        return Answer(200, {"ok": True})

    @rule("data_remove")
    def remove(self, call: Call) -> Answer:
        """Remove a file or a directory."""
        return Answer(200, {"ok": True, "removed": self.tree.remove(call.body["path"], call.body["recursive"])})

    @rule("data_list_materials")
    def materials(self, call: Call) -> Answer:
        """Files, the latest first."""
        wanted, limit = call.query.get("q", ""), int(call.query.get("limit", 100))
        files = [(path, node) for path, node in self.tree.nodes.items() if node.hash is not None and wanted in path]
        files.sort(key=lambda item: (-item[1].mtime, item[0]))
        rows = [
            {"path": path, "content_hash": node.hash, "size_bytes": self.tree.size(path), "mtime": node.mtime}
            for path, node in files[:limit]
        ]
        return Answer(200, {"materials": rows})

    @rule("data_get_node")
    def node(self, call: Call) -> Answer:
        """A node, with its children where it has some."""
        path = call.query["path"]
        node = self.tree.node(path)
        children = None if node.hash else [name for name, _ in self.tree.children(path)]
        return Answer(200, {"path": path, "kind": node.kind, "content_hash": node.hash, "children": children})

    @rule("data_publish")
    def publish(self, call: Call) -> Answer:
        """Pin a content."""
        path = call.body["path"]
        name = self.tree.publish(path, self._now())
        if name not in self.manifests:
            self.manifests[name] = self._announce(path, name)
        manifest = self.manifests[name]
        return Answer(200, {"content_hash": name, "manifest_record_id": manifest["id"], "pin_state": "pinned"})

    def _announce(self, path: str, name: str) -> dict[str, Any]:
        """The record that says what was published."""
        body = {"kind": "data.artifact.manifest", "path": path, "content_hash": name, "_v": 1}
        record = stored_form(
            {
                "act": "PUT",
                "actor": KERNEL_DID,
                "body": body,
                "clock": len(self.records) + 1,
                "data_type": "REFERENCE",
                "parents": [],
                "thread": ARTIFACTS_THREAD,
            }
        )
        return self.records.add(record).record

    @rule("data_get_usage")
    def usage(self, call: Call) -> Answer:
        """Bytes stored and allowed."""
        return Answer(200, {"used": self.tree.used(), "quota": QUOTA})

    @rule("data_get_capabilities")
    def capabilities(self, call: Call) -> Answer:
        """What there is."""
        return Answer(
            200, {"version": 1, "chunk_size": self.chunk_size, "max_chunk_size": CHUNK_SIZE, "hash": "sha256"}
        )

    @rule("data_list_provenance")
    def provenance(self, call: Call) -> Answer:
        """Publications and files below a region, by the time they were made."""
        region, limit = call.query.get("region", "/"), int(call.query.get("limit", 100))
        if region != "/":
            checked_path(region)
        start = call.query.get("cursor", "0")
        if not start.isdigit():
            raise Refuse(400, code="invalid_cursor", message=f"{start!r} is no cursor of this kernel")
        rows = [
            {"path": path, "content_hash": node.hash, "clock": node.mtime}
            for path, node in sorted(self.tree.nodes.items(), key=lambda item: (item[1].mtime, item[0]))
            if node.hash is not None and (region in {"/", path} or path.startswith(f"{region}/"))
        ]
        page = rows[int(start) :][:limit]
        following = int(start) + len(page)
        return Answer(200, {"data": page, "cursor": str(following) if page and following < len(rows) else None})
