"""How far the switching on of VPC-CNI is: it is a task of the cloud's, which may fail long after its request was accepted.

DescribeEnableVpcCniProgress (tke 2018-05-25): Status is Running, Succeed or Failed, with an ErrorMessage. For a cluster
without such a task it is an error. Whether VPC-CNI is on is told by DescribeIPAMD alone, so only a failure counts here.
"""

from pulumi_tke_hybrid.cloud.client import Cloud
from pulumi_tke_hybrid.cloud.errors import CloudError
from pulumi_tke_hybrid.tke import ipamd


def enabling(cloud: Cloud, cluster_id: str) -> tuple[bool, str]:
    """Whether it failed, and its state in words, with the cloud's reason."""
    try:
        answer = cloud.call("tke", "DescribeEnableVpcCniProgress", {"ClusterId": cluster_id})
    except CloudError as error:
        return False, f"how far switching it on is could not be told ({error.code})"
    status, reason = str(answer.get("Status") or ""), str(answer.get("ErrorMessage") or "")
    words = f"switching it on is {status or 'in no state that the cloud names'}"
    return ipamd.has_failed(status), words + (f" ({reason})" if reason else "")
