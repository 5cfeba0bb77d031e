// Go.  peers_go CASE [N]
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpu() float64 {
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

func rss() float64 {
	var size, resident float64
	data, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(data), &size, &resident)
	return resident * 4096
}

func collect() {
	runtime.GC()
	debug.FreeOSMemory()
}

func timed(n int, f func(int)) {
	f(n / 10)
	start := cpu()
	f(n)
	fmt.Println("ns", (cpu()-start)/float64(n)*1e9)
}

func yielding(n int) {
	timed(n, func(count int) {
		var wait sync.WaitGroup
		for i := 0; i < 2; i++ {
			wait.Add(1)
			go func() {
				for k := 0; k < count/2; k++ {
					runtime.Gosched()
				}
				wait.Done()
			}()
		}
		wait.Wait()
	})
}

func spawn(n int) {
	one := func() int { return 1 }
	timed(n, func(count int) {
		for i := 0; i < count; i++ {
			result := make(chan int, 1)
			go func() { result <- one() }()
			<-result
		}
	})
}

func memory(n int) {
	collect()
	before := rss()
	for i := 0; i < n; i++ {
		go time.Sleep(time.Hour)
	}
	time.Sleep(10 * time.Millisecond)
	collect()
	fmt.Println("bytes", (rss()-before)/float64(n))
}

func timers(n int) {
	var wait sync.WaitGroup
	var woken int64
	part := 0.0
	start := cpu()
	wait.Add(n)
	for i := 0; i < n; i++ {
		part += 0.618033988749895
		if part >= 1 {
			part--
		}
		go func(seconds float64) {
			time.Sleep(time.Duration(seconds * 1e9))
			atomic.AddInt64(&woken, 1)
			wait.Done()
		}(part)
	}
	wait.Wait()
	if woken != int64(n) {
		panic("not all woke")
	}
	fmt.Println("cpu_s", cpu()-start)
}

func queue(n int) {
	timed(n, func(count int) {
		items := make(chan int, 64)
		go func() {
			for i := 1; i <= count; i++ {
				items <- i
			}
			close(items)
		}()
		sum := 0
		for item := range items {
			sum += item
		}
		if sum != count*(count+1)/2 {
			panic("lost items")
		}
	})
}

func echo(conn net.Conn, size int, asked bool) {
	buffer := make([]byte, size)
	defer conn.Close()
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if asked && string(buffer[:n]) == "collect\n" {
			collect()
		}
		if _, err = conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func serve(size int, asked bool) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go echo(conn, size, asked)
	}
}

// n programs, 8 at a time, beside so many megabytes; on all cores, as the
// runtime starts them in threads of its own.
func programs(n int) {
	megabytes := 0
	if len(os.Args) > 3 {
		megabytes, _ = strconv.Atoi(os.Args[3])
	}
	held := make([]byte, megabytes<<20)
	for i := range held {
		held[i] = 1
	}
	run := func(count int) {
		var all sync.WaitGroup
		left := make(chan int, count)
		for i := 0; i < count; i++ {
			left <- i
		}
		close(left)
		for i := 0; i < 8; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for range left {
					if err := exec.Command("/bin/true").Run(); err != nil {
						panic(err)
					}
				}
			}()
		}
		all.Wait()
	}
	run(n / 10)
	start := time.Now()
	run(n)
	fmt.Println("ms", float64(time.Since(start).Nanoseconds())/float64(n)/1e6)
	runtime.KeepAlive(held)
}

type record struct {
	n    int
	name string
	ok   bool
}

// A thread for each of two goroutines, as in the other languages.
func apart(f func()) {
	go func() {
		runtime.LockOSThread()
		f()
	}()
}

func oneWay(n, capacity int, make_ func(int) any) float64 {
	out := make(chan any, capacity)
	apart(func() {
		for i := 1; i <= n; i++ {
			out <- make_(i)
		}
		close(out)
	})
	<-out
	start, count := time.Now(), 1
	for range out {
		count++
	}
	if count != n {
		panic("lost messages")
	}
	return float64(time.Since(start).Nanoseconds())
}

func rounds(n int) {
	there, back := make(chan int, 1), make(chan int, 1)
	apart(func() {
		for v := range there {
			back <- v
		}
	})
	start := time.Now()
	for i := 0; i < n; i++ {
		there <- i
		if <-back != i {
			panic("another answer")
		}
	}
	fmt.Println("us", float64(time.Since(start).Nanoseconds())/float64(n)/1e3)
	close(there)
}

// By reference: nothing is copied but a string's bytes.
func channel(kind string, n int) {
	runtime.GOMAXPROCS(2)
	runtime.LockOSThread()
	text := make([]byte, 1<<20)
	switch kind {
	case "integers":
		fmt.Println("ns", oneWay(n, 1024, func(i int) any { return i })/float64(n))
	case "tables":
		fmt.Println("ns", oneWay(n, 1024, func(i int) any {
			return &record{i, "a name", true}
		})/float64(n))
	case "strings":
		n /= 1000
		ns := oneWay(n, 4, func(i int) any { return append([]byte(nil), text...) })
		fmt.Println("gb", float64(n)*float64(len(text))/ns)
	case "round":
		rounds(n / 20)
	}
}

func main() {
	n := 0
	if os.Args[1] == "channel" {
		n, _ = strconv.Atoi(os.Args[3])
		channel(os.Args[2], n)
		return
	}
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(1)
	switch os.Args[1] {
	case "switch":
		yielding(n)
	case "spawn":
		spawn(n)
	case "memory":
		memory(n)
	case "timers":
		timers(n)
	case "queue":
		queue(n)
	case "exec":
		programs(n)
	case "echo":
		serve(65536, false)
	case "idle":
		serve(512, true)
	}
}
