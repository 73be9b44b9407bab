"""`sbn acp`."""

from __future__ import annotations

from sbn.cli.table import Facts, Group, Row, Rows

_group = Group("Compute for agents: status and leases.")
acp_app = _group.app
_group.add(
    Row(
        "status",
        "acp.status",
        "project_id",
        Facts(
            "Enabled*=enabled; Killed*=killed; Active Leases*=active_leases; Total Leases=total_leases; "
            "Total Spend USD=total_spend_usd:.4f; Total Receipts=total_receipts",
            quiet="project_id",
            said="ACP of {project_id}",
        ),
    ),
    Row(
        "leases list",
        "acp.list_leases",
        "project_id --state --limit=20",
        Rows(
            "lease_id provider=adapter_name state gpu=gpu_profile region spot_price_usd_hr=spot_price_usd_hr:.4f "
            "total_cost_usd=total_cost_usd:.4f",
            wrap="leases",
            quiet="lease_id",
            said="{count} leases",
            blanks=True,
        ),
    ),
    Row(
        "leases test",
        "acp.test_lease",
        "project_id --provider! --region --gpu-profile --gpu-count --vcpus --ram-gb --disk-gb "
        "--max-bid-usd-hr --purpose",
        Facts(
            "Provider*=lease.adapter_name; State*=lease.state; Node=lease.node_name; Region=lease.region; "
            "Spot USD/hr=lease.spot_price_usd_hr:.4f; Receipt*=receipt.receipt_id",
            quiet="lease.lease_id",
            said="Leased {id} as a trial",
        ),
    ),
    Row(
        "leases release",
        "acp.release_lease",
        "project_id lease_id --reason",
        Facts(
            "Provider=lease.adapter_name; State*=lease.state; Duration Seconds=lease.duration_seconds:.2f; "
            "Total Cost USD*=lease.total_cost_usd:.6f; Receipt*=receipt.receipt_id",
            quiet="lease.lease_id",
            said="Released {id}",
        ),
    ),
)
