// delay holds frames back between two tap devices, for kernels without the netem queue.
//
//	delay -near NAME -far NAME -by 90ms [-only ADDRESS,ADDRESS]
//
// Each frame leaves the given time after it came in, so a round trip takes twice that. With -only, IPv4 frames are
// held back just if one of those addresses sent or is to get them; all others pass at once.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"log"
	"net/netip"
	"os"
	"strings"
	"time"
	"unsafe"

	"syscall"
)

const (
	setInterface = 0x400454ca // TUNSETIFF
	tapWithout   = 0x0002 | 0x1000
	frameLimit   = 65_600
	queueLimit   = 65_536
)

// frame is one Ethernet frame with the moment it is to leave.
type frame struct {
	due  time.Time
	data []byte
}

func openTap(name string) int {
	device, err := syscall.Open("/dev/net/tun", syscall.O_RDWR, 0)
	if err != nil {
		log.Fatalf("open /dev/net/tun: %v", err)
	}
	var request [40]byte
	copy(request[:syscall.IFNAMSIZ-1], name)
	binary.NativeEndian.PutUint16(request[syscall.IFNAMSIZ:], tapWithout)
	argument := uintptr(unsafe.Pointer(&request[0]))
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(device), setInterface, argument); code != 0 {
		log.Fatalf("make tap device %s: %v", name, code)
	}
	return device
}

// concerns tells whether an IPv4 frame comes from or goes to one of the addresses; without any, each frame does.
func concerns(data []byte, addresses [][]byte) bool {
	if len(addresses) == 0 {
		return true
	}
	const header = 14
	if len(data) < header+20 || binary.BigEndian.Uint16(data[12:]) != 0x0800 {
		return false
	}
	source, destination := data[header+12:header+16], data[header+16:header+20]
	for _, address := range addresses {
		if bytes.Equal(address, source) || bytes.Equal(address, destination) {
			return true
		}
	}
	return false
}

// forward moves frames one way for as long as the program lives.
func forward(from, to int, by time.Duration, addresses [][]byte) {
	queue := make(chan frame, queueLimit)
	go func() {
		for next := range queue {
			time.Sleep(time.Until(next.due))
			_, _ = syscall.Write(to, next.data) // a full or downed device drops, as a wire would
		}
	}()
	buffer := make([]byte, frameLimit)
	for {
		size, err := syscall.Read(from, buffer)
		switch {
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN):
			continue
		case errors.Is(err, syscall.EIO): // the device is down for now
			time.Sleep(5 * time.Millisecond)
			continue
		case err != nil:
			log.Fatalf("read: %v", err)
		}
		data := buffer[:size]
		if !concerns(data, addresses) {
			_, _ = syscall.Write(to, data)
			continue
		}
		select {
		case queue <- frame{time.Now().Add(by), bytes.Clone(data)}:
		default: // the queue is full: drop, as a router would
		}
	}
}

func main() {
	log.SetFlags(0)
	near := flag.String("near", "", "tap device on the near side")
	far := flag.String("far", "", "tap device on the far side")
	by := flag.Duration("by", 0, "delay one way")
	only := flag.String("only", "", "IPv4 addresses, separated by commas")
	flag.Parse()
	if *near == "" || *far == "" {
		flag.Usage()
		os.Exit(2)
	}
	var addresses [][]byte
	for _, text := range strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }) {
		address, err := netip.ParseAddr(text)
		if err != nil || !address.Is4() {
			log.Fatalf("%s is no IPv4 address", text)
		}
		addresses = append(addresses, address.AsSlice())
	}
	a, b := openTap(*near), openTap(*far)
	go forward(a, b, *by, addresses)
	forward(b, a, *by, addresses)
}
