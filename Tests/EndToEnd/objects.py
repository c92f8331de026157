"""What the small API server keeps: objects by kind, server-side apply, and the controllers that
make pods of Deployments and DaemonSets. Tests say what goes wrong."""

import copy
import threading
import uuid

# Group and version, the resource's name in paths, the kind, and whether it lives in namespaces.
KINDS = [
    ("v1", "namespaces", "Namespace", False), ("v1", "services", "Service", True),
    ("v1", "pods", "Pod", True), ("v1", "events", "Event", True), ("v1", "nodes", "Node", False),
    ("v1", "serviceaccounts", "ServiceAccount", True), ("v1", "secrets", "Secret", True),
    ("v1", "configmaps", "ConfigMap", True),
    ("v1", "persistentvolumeclaims", "PersistentVolumeClaim", True),
    ("apps/v1", "deployments", "Deployment", True), ("apps/v1", "daemonsets", "DaemonSet", True),
    ("apps/v1", "statefulsets", "StatefulSet", True), ("batch/v1", "jobs", "Job", True),
    ("batch/v1", "cronjobs", "CronJob", True),
    ("networking.k8s.io/v1", "ingresses", "Ingress", True),
    ("discovery.k8s.io/v1", "endpointslices", "EndpointSlice", True),
    ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", True),
    ("rbac.authorization.k8s.io/v1", "roles", "Role", True),
    ("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding", True),
    ("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", False),
    ("rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", False)]


class Refused(Exception):
    """An answer of the API server other than success."""

    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


def pod(name, app="hub", ready=True, phase="Running", waiting=None, node="node-1",
        namespace="default", conditions=()):
    status = {
        "phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}, *conditions],
        "containerStatuses": [{"name": app, "ready": ready, "state": {"running": {}}}]}
    if waiting:
        status["containerStatuses"][0]["state"] = {"waiting": waiting}
    return {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "labels": {
            "app.kubernetes.io/name": "kubeshark", "app.kubeshark.com/app": app}},
        "spec": {"nodeName": node, "containers": [
            {"name": app, "ports": [{"containerPort": 8080}]}]},
        "status": status}


class Objects:
    """Everything but the network: tests change it while it runs."""

    def __init__(self):
        self.lock = threading.RLock()
        self.kept = {resource: [] for _, resource, _, _ in KINDS}
        self.nodes = ["node-1"]
        # How pods turn out: component and node to arguments of `pod`.
        self.pod_state = lambda app, node: {}
        # Kinds whose controllers cannot make pods, with what the event says.
        self.no_pods = {}
        # Kinds that the API server does not take, with code, reason and message.
        self.refusals = {}
        # Lists of pods that the API server cannot answer yet.
        self.hiccups = 0
        # Pods that take their time to go, in seconds.
        self.linger = 0
        # Called when pods were made.
        self.after_pods = lambda: None
        for name in ("default", "kube-system"):
            self._namespace(name)

    def of(self, resource):
        return self.kept[resource]

    def find(self, resource, namespace, name):
        for one in self.of(resource):
            meta = one["metadata"]
            if meta["name"] == name and (namespace is None or meta["namespace"] == namespace):
                return one
        return None

    def listed(self, resource, namespace, labels):
        with self.lock:
            return [self.shown(one) for one in self.of(resource) if (
                namespace is None or one["metadata"].get("namespace") == namespace) and all(
                    one["metadata"].get("labels", {}).get(key) == value for key, value in labels)]

    def names(self):
        """Every object as `kind/name`."""
        with self.lock:
            return {f"{one['kind']}/{one['metadata']['name']}"
                    for kept in self.kept.values() for one in kept}

    def event(self, kind, name, reason, message, namespace="default"):
        self.of("events").append({
            "kind": "Event", "apiVersion": "v1", "type": "Warning", "reason": reason,
            "message": message, "count": 1, "involvedObject": {"kind": kind, "name": name},
            "metadata": {"name": f"{name}.{len(self.of('events'))}", "namespace": namespace,
                         "uid": str(uuid.uuid4())}})

    def _namespace(self, name, labels=None):
        self.of("namespaces").append({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": {"name": name, "labels": labels or {}}, "status": {"phase": "Active"}})
        # The cluster itself puts these into every namespace.
        for resource, kind, inner in [("serviceaccounts", "ServiceAccount", "default"),
                                      ("configmaps", "ConfigMap", "kube-root-ca.crt")]:
            self.of(resource).append({"kind": kind, "apiVersion": "v1",
                                      "metadata": {"name": inner, "namespace": name}})

    # Server-side apply

    def apply(self, resource, namespace, name, body, manager, dry):
        kind = body["kind"]
        with self.lock:
            if body["metadata"]["name"] != name:
                raise Refused(400, "BadRequest", "the name of the object does not match the URL")
            if namespace is not None and not self.find("namespaces", None, namespace):
                raise Refused(404, "NotFound", f'namespaces "{namespace}" not found')
            old = self.find(resource, namespace, name)
            place = self.find("namespaces", None, namespace) if namespace else None
            if not old and place and "deletionTimestamp" in place["metadata"]:
                raise Refused(403, "Forbidden", (
                    f'{resource} "{name}" is forbidden: unable to create new content in namespace '
                    f"{namespace} because it is being terminated"))
            if kind in self.refusals:
                raise Refused(*self.refusals[kind])
            if not manager:
                raise Refused(400, "BadRequest", "fieldManager is required for apply patch")
            self._check(kind, name, body, old)
            new = copy.deepcopy(body)
            meta = new["metadata"]
            for key, value in new.pop("stringData", {}).items():
                new.setdefault("data", {})[key] = value
            before = old["metadata"] if old else {"uid": str(uuid.uuid4()), "generation": 0}
            changed = not old or old.get("spec") != new.get("spec")
            meta.update(uid=before["uid"], resourceVersion=str(len(self.names())),
                        generation=before["generation"] + changed)
            if dry:
                return new, old is None
            if old:
                self.of(resource).remove(old)
                self.of(resource).append(new)
            elif kind == "Namespace":
                self._namespace(name, meta.get("labels"))
            else:
                self.of(resource).append(new)
            if kind in ("Deployment", "DaemonSet") and changed:
                self._control(new)
            return new, old is None

    @staticmethod
    def _check(kind, name, body, old):
        if kind not in ("Deployment", "DaemonSet"):
            return
        selector = body["spec"]["selector"]["matchLabels"]
        labels = body["spec"]["template"]["metadata"]["labels"]
        if not selector.items() <= labels.items():
            raise Refused(422, "Invalid", (
                f'{kind} "{name}" is invalid: spec.template.metadata.labels: `selector` does not '
                "match template `labels`"))
        if old and old["spec"]["selector"] != body["spec"]["selector"]:
            raise Refused(422, "Invalid", (
                f'{kind} "{name}" is invalid: spec.selector: field is immutable'))

    # Controllers

    def _control(self, owner):
        self._remove_pods(owner)
        meta, kind = owner["metadata"], owner["kind"]
        if kind in self.no_pods:
            return self.event(kind if kind == "DaemonSet" else "ReplicaSet",
                              meta["name"] + ("" if kind == "DaemonSet" else "-5d8f"),
                              "FailedCreate", self.no_pods[kind], meta["namespace"])
        labels = owner["spec"]["template"]["metadata"]["labels"]
        app = labels["app.kubeshark.com/app"]
        for node in self.nodes if kind == "DaemonSet" else ["node-1"]:
            made = pod(f"{meta['name']}-{node}", app, namespace=meta["namespace"],
                       **{"node": node, **self.pod_state(app, node)})
            made["metadata"]["labels"] = dict(labels)
            made["metadata"]["owner"] = meta["uid"]
            self.of("pods").append(made)
        self.after_pods()

    def _remove_pods(self, owner):
        self.kept["pods"][:] = [
            one for one in self.of("pods") if one["metadata"].get("owner") != owner["metadata"]["uid"]]

    def shown(self, one):
        """An object with the status its controller gives it."""
        if one["kind"] not in ("Deployment", "DaemonSet"):
            return one
        pods = [pod for pod in self.of("pods")
                if pod["metadata"].get("owner") == one["metadata"]["uid"]]
        ready = sum(pod["status"]["conditions"][0]["status"] == "True" for pod in pods)
        if one["kind"] == "DaemonSet":
            status = {"desiredNumberScheduled": len(self.nodes), "numberReady": ready,
                      "currentNumberScheduled": len(pods), "updatedNumberScheduled": len(pods)}
        else:
            status = {"replicas": len(pods), "readyReplicas": ready, "updatedReplicas": len(pods)}
        status["observedGeneration"] = one["metadata"]["generation"]
        return {**one, "status": status}

    def delete(self, resource, namespace, name):
        with self.lock:
            one = self.find(resource, namespace, name)
            if one is None:
                raise Refused(404, "NotFound", f'{resource} "{name}" not found')
            self.of(resource).remove(one)
            if one["kind"] in ("Deployment", "DaemonSet"):
                if self.linger:
                    timer = threading.Timer(self.linger, self._remove_pods, [one])
                    timer.daemon = True
                    timer.start()
                else:
                    self._remove_pods(one)
            if one["kind"] == "Namespace":
                for kept in self.kept.values():
                    kept[:] = [other for other in kept
                               if other["metadata"].get("namespace") != name]
            return one
