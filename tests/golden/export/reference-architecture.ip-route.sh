#!/bin/sh
# routes of a Linux machine in the place of a device
# made by ipplan VERSION from plan reference-architecture, IBM Cloud ranges of 2025-10-03
# Run it as: sh FILE DEVICE
set -eu
case "${1:-}" in
esg)
    # ESG
    ip route replace 0.0.0.0/0 via 169.46.73.17  # FCR: the internet
    ip route replace 10.0.0.0/8 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 161.26.0.0/16 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 166.8.0.0/14 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 172.24.16.0/26 via 172.24.19.2  # DLR: vm-db
    ip route replace 172.24.17.0/24 via 172.24.19.2  # DLR: vm-web
    ip route replace 172.24.18.0/27 via 172.24.19.2  # DLR: icp-workers
    # 10.171.42.128/26 towards strongSwan: by the policy of a tunnel; the tunnel to cluster iks-prod
    # 172.21.0.0/16 towards strongSwan: by the policy of a tunnel; the tunnel to cluster iks-prod
    # 172.30.0.0/16 towards strongSwan: by the policy of a tunnel; the tunnel to cluster iks-prod
    :
    ;;
dlr)
    # DLR
    ip route replace 0.0.0.0/0 via 172.24.19.1  # ESG: everything else
    # 172.24.17.0/24 towards VXLAN: by an interface; gateway of vm-web
    # 172.24.16.0/26 towards VXLAN: by an interface; gateway of vm-db
    # 172.24.18.0/27 towards VXLAN: by an interface; gateway of icp-workers
    :
    ;;
vms-in-vm-web)
    # VMs in vm-web
    ip route replace 0.0.0.0/0 via 172.24.17.1  # DLR: everything else, from vm-web
    :
    ;;
vms-in-vm-db)
    # VMs in vm-db
    ip route replace 0.0.0.0/0 via 172.24.16.1  # DLR: everything else, from vm-db
    :
    ;;
icp-workers-of-icp-prod)
    # ICP workers of icp-prod
    ip route replace 0.0.0.0/0 via 172.24.18.1  # DLR: everything else, from icp-workers
    # 10.171.42.128/26 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    # 172.21.0.0/16 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    # 172.30.0.0/16 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    :
    ;;
iks-workers-of-iks-prod)
    # IKS workers of iks-prod
    # 172.24.16.0/26 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-vcs
    # 172.24.17.0/24 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-vcs
    # 172.24.19.0/29 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-vcs
    # 10.224.0.0/16 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    # 10.225.0.0/23 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    # 172.24.18.0/27 towards strongSwan: written by the strongSwan chart; through the tunnel of iks-icp
    :
    ;;
on-premises-router)
    # on-premises router
    # 172.24.17.0/24 towards L2 concentrator: on the stretched network; vm-web, where it is stretched
    # 172.24.16.0/26 towards L2 concentrator: on the stretched network; vm-db, where it is stretched
    :
    ;;
*)
    echo 'usage: sh FILE DEVICE, one of: esg, dlr, vms-in-vm-web, vms-in-vm-db, icp-workers-of-icp-prod, iks-workers-of-iks-prod, on-premises-router' >&2
    exit 2
    ;;
esac
