#!/bin/sh
# orders for IBM Cloud: IKS clusters and portable subnets
# written by ipplan VERSION from plan reference-architecture, IBM Cloud ranges of 2025-10-03
# Read it before you run it: IBM bills what it orders. Log in first: ibmcloud login.
# usage: sh FILE clusters; when the workers are deployed: sh FILE subnets
# Give VLANs by their ID (ibmcloud ks vlan ls --zone ZONE, ibmcloud sl vlan list).
# Primary subnets cannot be ordered: IBM Cloud assigns them with the VLAN.
set -eu

case "${1-}" in
clusters)
    : "${FLAVOR:?the flavor of the workers, such as b3c.4x16}"
    : "${PRIVATE_VLAN:?the ID of the private VLAN of the workers}"
    : "${PUBLIC_VLAN:?the ID of the public VLAN of the workers}"

    # cluster iks-prod
    # PUBLIC_VLAN has to be the VLAN of 169.46.27.48/28, the primary subnet of iks-workers-public
    # PRIVATE_VLAN has to be the VLAN of 10.171.42.128/26, the primary subnet of iks-workers-private
    # 172.30.0.0/16 is the default of IKS for pods
    # 172.21.0.0/16 is the default of IKS for services
    # without the two portable /29 of IKS: the plan has its own subnets, ordered in the step subnets
    ibmcloud ks cluster create classic \
        --name iks-prod \
        --zone dal10 \
        --flavor "$FLAVOR" \
        --private-vlan "$PRIVATE_VLAN" \
        --public-vlan "$PUBLIC_VLAN" \
        --workers 10 \
        --pod-subnet 172.30.0.0/16 \
        --service-subnet 172.21.0.0/16 \
        --no-subnet
    ;;
subnets)
    : "${VCS_PRIVATE_VLAN_A:?the ID of the private VLAN A of the instance}"

    # cluster iks-prod
    # iks-ingress-public is 169.46.49.32/29 already; if the cluster does not have it yet: ibmcloud ks cluster subnet add --cluster CLUSTER --subnet-id ID
    # iks-ingress-private is 10.171.87.64/29 already; if the cluster does not have it yet: ibmcloud ks cluster subnet add --cluster CLUSTER --subnet-id ID

    # vCenter Server: skip subnets that came with the order of the instance or of HCX
    # add --test to one of these commands to get only a quote
    # hcx: 64 addresses
    ibmcloud sl subnet create private 64 "$VCS_PRIVATE_VLAN_A"
    ;;
*)
    printf "%s\n" "usage: sh $0 clusters|subnets" >&2
    exit 2
    ;;
esac
