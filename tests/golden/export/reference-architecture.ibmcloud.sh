#!/bin/sh
# what to order from IBM Cloud: IKS clusters and portable subnets
# written by ipplan VERSION from plan reference-architecture, IBM Cloud ranges of 2025-10-03
# Read it before you run it: what it orders is billed. First: ibmcloud login.
# usage: sh FILE clusters, and when the workers are deployed, sh FILE subnets
# VLANs are given by their id (ibmcloud ks vlan ls --zone ZONE, ibmcloud sl vlan list).
# Primary subnets come with the VLAN: IBM Cloud assigns them, and nobody can order one.
set -eu

case "${1-}" in
clusters)
    : "${FLAVOR:?the flavor of the workers, such as b3c.4x16}"
    : "${PRIVATE_VLAN:?the id of the private VLAN of the workers}"
    : "${PUBLIC_VLAN:?the id of the public VLAN of the workers}"

    # cluster iks-prod
    # PUBLIC_VLAN has to be the VLAN of 169.46.27.48/28, the primary subnet of iks-workers-public
    # PRIVATE_VLAN has to be the VLAN of 10.171.42.128/26, the primary subnet of iks-workers-private
    # 172.30.0.0/16 is the default of IKS for pods
    # 172.21.0.0/16 is the default of IKS for services
    # without the two portable /29 of IKS: the plan has its own, see the step subnets
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
    : "${VCS_PRIVATE_VLAN_A:?the id of the private VLAN A of the instance}"

    # cluster iks-prod
    # iks-ingress-public is 169.46.49.32/29 already; if the cluster does not have it yet: ibmcloud ks cluster subnet add --cluster CLUSTER --subnet-id ID
    # iks-ingress-private is 10.171.87.64/29 already; if the cluster does not have it yet: ibmcloud ks cluster subnet add --cluster CLUSTER --subnet-id ID

    # vCenter Server: leave out what the order of the instance or of HCX has brought already
    # with --test, a command of these only asks for a quote
    # hcx: 64 addresses
    ibmcloud sl subnet create private 64 "$VCS_PRIVATE_VLAN_A"
    ;;
*)
    printf "%s\n" "usage: sh $0 clusters|subnets" >&2
    exit 2
    ;;
esac
