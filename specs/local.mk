# SPDX-License-Identifier: MIT
specsdir = $(pkgdatadir)/specs
check_scripts += specs/check.sh
dist_specs_DATA = \
	specs/eight_gaussians.yaml \
	specs/eight_gaussians_auto_steps.yaml \
	specs/eight_gaussians_cp_flow.yaml \
	specs/eight_gaussians_ffjord.yaml \
	specs/moons.yaml \
	specs/moons_cp_flow.yaml \
	specs/moons_ffjord.yaml \
	specs/own_samples.yaml \
	specs/pinwheel.yaml \
	specs/table3_eight_gaussians_cube.yaml \
	specs/table3_eight_gaussians_gaussian.yaml \
	specs/table3_moons_cube.yaml \
	specs/table3_moons_gaussian.yaml \
	specs/table4_dsprites_cube.yaml \
	specs/table4_dsprites_cube_euler.yaml \
	specs/table4_dsprites_gaussian.yaml \
	specs/table4_dsprites_gaussian_euler.yaml \
	specs/table4_mnist_cube.yaml \
	specs/table4_mnist_cube_euler.yaml \
	specs/table4_mnist_gaussian.yaml \
	specs/table4_mnist_gaussian_euler.yaml
